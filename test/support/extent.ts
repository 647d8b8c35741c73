/**
 * How much runs. `npm run test:all` sets the variable and runs everything. `npm test` leaves out some of what
 * takes long, and of what is the same in many ways.
 */

/** Whether everything runs. */
export const runsAll: boolean = process.env.WIRESPEED_TEST_ALL === '1';

/** What a test goes through: everything where everything runs, else these few. */
export function sample<T>(everything: T, few: T): T {
  return runsAll ? everything : few;
}
