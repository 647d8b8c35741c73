import { describe, expect, it } from 'vitest';
import * as protocol from '../../src/entries/protocol.ts';

describe('wirespeed/protocol', () => {
  it('exports what a driver of the core needs', () => {
    expect(Object.keys(protocol).sort()).toEqual([
      'CloseCode',
      'Deadlines',
      'FrameReader',
      'FrameWriter',
      'MAX_CONTROL_PAYLOAD',
      'MAX_HEADER_LENGTH',
      'MaskingKeys',
      'MessageReader',
      'Opcode',
      'OutputBuffer',
      'Session',
      'headerLength',
      'isValidCloseCode',
      'scalarKernels',
      'serializeFrameHeader',
    ]);
  });
});
