import { cpus } from 'node:os';
import { describe, expect, it } from 'vitest';
import { SpinGate, usualSpin } from '../../src/transport/spin-gate.ts';

/** Makes so many waits of so many milliseconds; returns how long each might spin. */
function wait(gate: SpinGate, waited: number, times: number): number[] {
  return Array.from({ length: times }, () => {
    const spin = gate.next();
    gate.observe(waited);
    return spin;
  });
}

describe('the gate for spinning', () => {
  it('lets waits spin at first, for its length', () => {
    expect(new SpinGate(200).next()).toBe(0.2);
  });

  it('has a length of 50 µs by default, 100 over TLS, and 0 on a machine with one processor', () => {
    const isAlone = cpus().length < 2;
    expect(usualSpin(false)).toBe(isAlone ? 0 : 50);
    expect(usualSpin(true)).toBe(isAlone ? 0 : 100);
  });

  it('lets no wait spin if its length is 0', () => {
    const gate = new SpinGate(0);
    expect([...wait(gate, 0, 100), ...wait(gate, 1, 5000)].every((spin) => spin === 0)).toBe(true);
  });

  it('stays open while replies come within its length', () => {
    expect(wait(new SpinGate(50), 0.03, 1000).every((spin) => spin === 0.05)).toBe(true);
  });

  it('closes while replies take longer on average, but for probes of a few waits, which become rarer', () => {
    const gate = new SpinGate(50);
    wait(gate, 1, 20);
    const spins = wait(gate, 1, 4000);
    const isProbe = (index: number) => (spins[index] ?? 0) > 0;
    const starts = spins.flatMap((_, index) =>
      isProbe(index) && !isProbe(index - 1) ? index : [],
    );
    const gaps = starts.slice(1).map((at, index) => at - (starts[index] as number));
    expect(gaps).toEqual([67, 131, 259, 515, 1027, 1027]);
    expect(spins.filter((spin) => spin > 0)).toHaveLength(4 * starts.length);
  });

  it('opens again if the server replies in time after the first waits of a probe have woken it', () => {
    const gate = new SpinGate(50);
    wait(gate, 1, 20);
    let awake = 0;
    let spun = 0;
    for (let i = 0; i < 1000; i++) {
      const isSpinning = gate.next() > 0;
      awake = isSpinning ? awake + 1 : 0;
      if (isSpinning) spun++;
      gate.observe(awake > 2 ? 0.03 : 0.09);
    }
    expect(spun).toBeGreaterThan(900);
  });

  it('opens again at the first probe that is answered in time, and probes often from then on', () => {
    const gate = new SpinGate(50);
    wait(gate, 100, 1000);
    const spins = wait(gate, 0.04, 2000);
    expect(spins.slice(spins.indexOf(0.05)).every((spin) => spin > 0)).toBe(true);
    wait(gate, 1, 20);
    expect(wait(gate, 1, 40).filter((spin) => spin > 0)).toHaveLength(4);
  });

  it('stays closed if replies are fast after a sleep and slow after a spin', () => {
    const gate = new SpinGate(50);
    let spun = 0;
    for (let i = 0; i < 10_000; i++) {
      const isSpinning = gate.next() > 0;
      if (isSpinning) spun++;
      gate.observe(isSpinning ? 0.07 : 0.02);
    }
    expect(spun).toBeLessThan(80);
  });

  it('stays open after one long pause', () => {
    const gate = new SpinGate(50);
    wait(gate, 0.02, 100);
    wait(gate, 10_000, 1);
    expect(gate.next()).toBe(0.05);
  });
});
