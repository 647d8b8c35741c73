import { describe, expect, it } from 'vitest';
import { parseArguments, UsageError } from './arguments.mjs';

describe('the command line of the conformance tests', () => {
  it('stands for every case of every agent where it says nothing', () => {
    expect(parseArguments([])).toEqual({
      agents: ['async', 'events', 'sync', 'server'],
      cases: ['*'],
      isSetup: false,
      isUpdate: false,
      isHelp: false,
    });
  });

  it('narrows the cases and the agents, which keep their order', () => {
    const { agents, cases } = parseArguments(['--agent', 'server,async', '--cases=1.*, 5.19']);
    expect(agents).toEqual(['async', 'server']);
    expect(cases).toEqual(['1.*', '5.19']);
  });

  it.each([
    [['--agent', 'fast'], "--agent takes async, events, sync, server, not 'fast'"],
    [['--cases', '1.x'], "--cases takes numbers such as 5.19 or 1.*, not '1.x'"],
    [['--cases', ''], "--cases takes numbers such as 5.19 or 1.*, not ''"],
    [['--case', '1.*'], "Unknown option '--case'"],
  ])('refuses %j with what is accepted', (args, message) => {
    expect(() => parseArguments(args)).toThrow(UsageError);
    expect(() => parseArguments(args)).toThrow(message);
  });
});
