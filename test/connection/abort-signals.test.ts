import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { onceAborted } from '../../src/connection/abort-signals.ts';

describe('waits for one signal', () => {
  it('end in order when it aborts, and have one listener', () => {
    const controller = new AbortController();
    const { signal } = controller;
    const called: number[] = [];
    const forget = [0, 1, 2, 3].map((i) => onceAborted(signal, () => called.push(i)));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    forget[1]?.();
    controller.abort();
    expect(called).toEqual([0, 2, 3]);
    for (const each of forget) each();
    expect(called).toEqual([0, 2, 3]);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('leave no listener behind, and others can begin', () => {
    const controller = new AbortController();
    const { signal } = controller;
    let calls = 0;
    const first = onceAborted(signal, () => calls++);
    const second = onceAborted(signal, () => calls++);
    first();
    first();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    second();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    onceAborted(signal, () => calls++);
    controller.abort();
    expect(calls).toBe(1);
  });

  it('are not called when an earlier one has ended them', () => {
    const controller = new AbortController();
    const called: string[] = [];
    let forget = (): void => {};
    onceAborted(controller.signal, () => forget());
    forget = onceAborted(controller.signal, () => called.push('forgotten'));
    onceAborted(controller.signal, () => called.push('last'));
    controller.abort();
    expect(called).toEqual(['last']);
  });
});
