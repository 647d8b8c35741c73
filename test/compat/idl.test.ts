/**
 * The class has what the standard's interface definition says, no less and no more.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { parse } from 'webidl2';
import { WebSocket } from 'wirespeed/websocket';

interface Member {
  readonly type: string;
  readonly name: string;
  readonly readonly?: boolean;
  readonly arguments?: readonly { readonly optional: boolean }[];
  readonly value?: { readonly value: string };
}

const path = createRequire(import.meta.url).resolve('@webref/idl/websockets.idl');
const definition = parse(readFileSync(path, 'utf8')).find(
  (each) => (each as { name?: string }).name === 'WebSocket',
) as unknown as { readonly inheritance: string; readonly members: readonly Member[] };
const own = Object.getOwnPropertyDescriptors(WebSocket.prototype) as Record<
  string,
  PropertyDescriptor
>;

it('inherits as the definition says', () => {
  expect(definition.inheritance).toBe('EventTarget');
  expect(Object.getPrototypeOf(WebSocket.prototype)).toBe(EventTarget.prototype);
});

it.each(definition.members.map((member) => [member.name || member.type, member] as const))(
  'has %s as it is defined',
  (name, member) => {
    const required = (member.arguments ?? []).filter(({ optional }) => !optional).length;
    if (member.type === 'constructor') {
      expect(WebSocket.length).toBe(required);
    } else if (member.type === 'const') {
      expect(own[name]).toMatchObject({ value: Number(member.value?.value), writable: false });
      expect(Object.getOwnPropertyDescriptor(WebSocket, name)?.value).toBe(own[name]?.value);
    } else if (member.type === 'attribute') {
      expect(own[name]).toMatchObject({ enumerable: true, configurable: true });
      expect(typeof own[name]?.get).toBe('function');
      expect(own[name]?.set === undefined).toBe(member.readonly === true);
    } else {
      expect(own[name]).toMatchObject({ enumerable: true, writable: true, configurable: true });
      expect(own[name]?.value).toHaveLength(required);
    }
  },
);

it('has nothing else that is enumerable', () => {
  const names = Object.keys(own).filter((name) => own[name]?.enumerable === true);
  expect(names.sort()).toEqual(
    definition.members
      .map(({ name }) => name)
      .filter((name) => typeof name === 'string' && name !== '')
      .sort(),
  );
});
