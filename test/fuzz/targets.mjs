// Every fuzz target. A target has a name, a property, an arbitrary that makes cases of plain JSON, and a
// check that throws for a case in which the property does not hold.
import { deflatedFrames, deflatedFromWs, deflatedRoundTrip } from './targets/deflate.mjs';
import { encoding, masking, utf8 } from './targets/kernels.mjs';
import { requests, responses } from './targets/opening.mjs';
import { programs } from './targets/programs.mjs';
import { calls, roundTrip } from './targets/round-trip.mjs';
import { nearlyRightFrames, rawBytes } from './targets/streams.mjs';
import { readerFromUndici, writerToUndici } from './targets/undici.mjs';
import { deflatedDifferential, differential, readerFromWs, writerToWs } from './targets/ws.mjs';
import { wsClientOpening, wsServerOpening } from './targets/ws-opening.mjs';

export const targets = [
  rawBytes,
  nearlyRightFrames,
  deflatedFrames,
  requests,
  responses,
  roundTrip,
  deflatedRoundTrip,
  calls,
  masking,
  utf8,
  encoding,
  differential,
  deflatedDifferential,
  writerToWs,
  readerFromWs,
  deflatedFromWs,
  writerToUndici,
  readerFromUndici,
  wsServerOpening,
  wsClientOpening,
  programs,
];
