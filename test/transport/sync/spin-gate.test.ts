import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { SpinGate } from '../../../src/transport/sync/spin-gate.ts';

/** Lets the gate see waits of so many milliseconds. */
function observe(gate: SpinGate, waited: number, times: number): void {
  for (let i = 0; i < times; i++) gate.observe(waited);
}

describe('the gate of spinning', () => {
  it('spins at first, for the length it was given', () => {
    expect(new SpinGate(200).next()).toBe(0.2);
  });

  it('spins 50 µs by default, and not at all on a machine with one processor', () => {
    expect(new SpinGate().next()).toBe(availableParallelism() < 2 ? 0 : 0.05);
  });

  it('never spins where that is turned off', () => {
    const gate = new SpinGate(0);
    observe(gate, 0, 100);
    expect(Array.from({ length: 100 }, () => gate.next()).every((spin) => spin === 0)).toBe(true);
  });

  it('goes on while replies come within its length', () => {
    const gate = new SpinGate(50);
    for (let i = 0; i < 1000; i++) {
      expect(gate.next()).toBe(0.05);
      gate.observe(0.03);
    }
  });

  it('stops while replies take longer on average, but for one probe in 32', () => {
    const gate = new SpinGate(50);
    observe(gate, 1, 20);
    const spins = Array.from({ length: 320 }, () => {
      const spin = gate.next();
      gate.observe(1);
      return spin;
    });
    expect(spins.filter((spin) => spin > 0)).toHaveLength(10);
  });

  it('begins again at the first reply that comes in time', () => {
    const gate = new SpinGate(50);
    observe(gate, 100, 1000);
    expect(gate.next()).toBe(0);
    gate.observe(0.04);
    expect(gate.next()).toBe(0.05);
  });

  it('is not led astray by one long pause', () => {
    const gate = new SpinGate(50);
    observe(gate, 0.02, 100);
    gate.observe(10_000);
    expect(gate.next()).toBe(0.05);
  });
});
