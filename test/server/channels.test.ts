import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, expect, it } from 'vitest';
import { connect } from 'wirespeed';
import { until } from '../support/until.ts';
import { start } from './running-server.ts';

const NAMES = ['open', 'close', 'refused', 'fault'].map((name) => `wirespeed:server:${name}`);
const told: [string, Record<string, unknown>][] = [];
const hear = (message: unknown, name: string | symbol): void => {
  told.push([String(name).replace('wirespeed:server:', ''), message as Record<string, unknown>]);
};
afterEach(() => {
  for (const name of NAMES) unsubscribe(name, hear);
});

it('channels tell what happens on a server, once somebody listens', async () => {
  const server = await start({
    path: '/here',
    error: () => {},
    handlers: {
      message: (_, data) => {
        throw new Error(String(data));
      },
    },
  });
  await (await connect(server.url)).close();
  await until(() => server.stats().closed[1000] === 1);
  for (const name of NAMES) subscribe(name, hear);
  await expect(connect(new URL('/', server.url))).rejects.toMatchObject({ status: 404 });
  const normal = await connect(server.url);
  await normal.close(4000, 'bye');
  const failing = await connect(server.url);
  await failing.send('a fault');
  await expect(failing.recv()).rejects.toMatchObject({ closeCode: 1011 });
  await until(() => told.filter(([name]) => name === 'close').length === 2);
  expect(told.map(([name]) => name)).toEqual([
    ...['refused', 'open', 'close'],
    ...['open', 'fault', 'close'],
  ]);
  const [refused, opened, closed, , fault, failed] = told.map(([, message]) => message);
  expect(refused).toMatchObject({ status: 404, request: { path: '/' } });
  expect(opened).toMatchObject({ request: { path: '/here' } });
  expect(closed).toMatchObject({ code: 4000, reason: 'bye', error: undefined });
  expect(closed?.connection).toBe(opened?.connection);
  expect(fault).toMatchObject({ source: 'message', error: new Error('a fault') });
  expect(failed).toMatchObject({ error: { code: 'WS_HANDLER' } });
});
