import { describe, expect, it } from 'vitest';
import { JobLimit } from '../../../src/transport/compression/job-limit.ts';

describe('a limit of jobs', () => {
  it('runs no more at once, and the others in order as places become free', async () => {
    const limit = new JobLimit(2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const jobs = [0, 1, 2, 3].map((id) =>
      limit.run(
        () =>
          new Promise<number>((resolve) => {
            begun.push(id);
            ends[id] = () => resolve(id);
          }),
      ),
    );
    await Promise.resolve();
    expect(begun).toEqual([0, 1]);
    ends[1]?.();
    expect(await jobs[1]).toBe(1);
    expect(begun).toEqual([0, 1, 2]);
    ends[0]?.();
    ends[2]?.();
    await Promise.all([jobs[0], jobs[2]]);
    expect(begun).toEqual([0, 1, 2, 3]);
    ends[3]?.();
    expect(await Promise.all(jobs)).toEqual([0, 1, 2, 3]);
  });

  it('gives the place of a job that fails to the next one', async () => {
    const limit = new JobLimit(1);
    const failing = limit.run(() => Promise.reject(new Error('no')));
    const next = limit.run(async () => 'yes');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('yes');
    expect(await limit.run(async () => 'again')).toBe('again');
  });
});
