import assert from 'node:assert/strict';
import { test } from 'node:test';
import { helpText, parseArguments, UsageError } from '../../harness/arguments.mjs';

const GROUPS = new Map([
  ['wirespeed', ['wirespeed-sync', 'wirespeed-events']],
  ['wirespeed-sync', ['wirespeed-sync']],
  ['wirespeed-events', ['wirespeed-events']],
  ['ws', ['ws']],
]);

/** @param {...string} argv */
function parse(...argv) {
  return parseArguments(argv, GROUPS, ['wirespeed', 'ws', 'bun']);
}

test('leaves clients, modes, sizes and servers to the plan by default', () => {
  assert.deepEqual(parse(), {
    plan: 'quick',
    peers: undefined,
    sizes: undefined,
    modes: undefined,
    servers: undefined,
    rounds: 5,
    cellTime: 250,
    sameCore: false,
    json: undefined,
    resume: undefined,
    against: undefined,
    help: false,
  });
});

test('takes values after a space and after an equals sign', () => {
  const options = parse(
    '--rounds',
    '7',
    '--server=bun',
    '--json=a=b.jsonl',
    '--same-core',
    '--cell-time',
    '50',
  );
  assert.equal(options.rounds, 7);
  assert.deepEqual(options.servers, ['bun']);
  assert.equal(options.json, 'a=b.jsonl');
  assert.equal(options.sameCore, true);
  assert.equal(options.cellTime, 50);
});

test('takes as many rounds and as much time as the plan, unless told otherwise', () => {
  assert.equal(parse('--seed').plan, 'seed');
  assert.equal(parse('--seed').rounds, 7);
  assert.equal(parse('--seed', '--rounds', '3').rounds, 3);
  assert.deepEqual(parse('--seed', '--server', 'ws,bun', '--mode', 'burst').servers, ['ws', 'bun']);
  assert.equal(parse('--resume', 'a.jsonl').resume, 'a.jsonl');
});

test('takes lists, drops repetitions and opens groups of clients', () => {
  assert.deepEqual(parse('--peer', 'wirespeed,ws,wirespeed-sync').peers, [
    'wirespeed-sync',
    'wirespeed-events',
    'ws',
  ]);
  assert.deepEqual(parse('--size', '64, 8,64').sizes, [64, 8]);
  assert.deepEqual(parse('--mode', 'pipelined').modes, ['pipelined']);
});

const REFUSED = /** @type {[string[], RegExp][]} */ ([
  [['--fast'], /^unknown flag --fast; --help lists the flags$/],
  [['--toString'], /^unknown flag --toString/],
  [['ws'], /^unknown argument ws/],
  [['--rounds'], /^--rounds needs a value$/],
  [['--json', '--same-core'], /^--json needs a value$/],
  [['--json='], /^--json needs a value$/],
  [['--same-core=yes'], /^--same-core takes no value$/],
  [['--rounds', '0'], /^--rounds takes whole numbers from 1 to 1000, not "0"$/],
  [['--rounds', '1.5'], /not "1.5"$/],
  [['--size', '4'], /^--size takes whole numbers from 8 to 33554432, not "4"$/],
  [['--size', '512,'], /^--size has an empty item in "512,"$/],
  [['--size', '0x200'], /not "0x200"$/],
  [['--mode', 'slow'], /^--mode takes rr, pipelined, .*; not "slow"$/],
  [['--mode', 'burst'], /^--mode takes rr, pipelined, unless --seed/],
  [['--server', 'ws,bun'], /^--server takes one name, unless --seed/],
  [['--resume', 'a.jsonl', '--seed'], /^--resume takes its settings from the file/],
  [['--resume', 'a.jsonl', '--rounds', '3'], /^--resume takes its settings from the file/],
  [['--against', 'a.jsonl'], /^--against belongs to --guard$/],
  [['--guard', '--server', 'ws'], /^--guard and --server exclude each other$/],
  [['--guard', '--same-core'], /^--guard and --same-core exclude each other$/],
  [
    ['--guard', '--peer', 'wirespeed'],
    /^--guard compares ratios to ws: name it in --peer as well$/,
  ],
  [['--guard', '--targets'], /^--guard and --targets exclude each other$/],
  [['--server', 'nginx'], /^--server takes wirespeed, ws, bun; not "nginx"$/],
  [['--peer', 'ws,curl'], /^--peer takes .*; not "curl"$/],
]);

for (const [argv, message] of REFUSED) {
  test(`refuses ${argv.join(' ')} in one line`, () => {
    assert.throws(
      () => parse(...argv),
      (error) =>
        error instanceof UsageError && message.test(error.message) && !error.message.includes('\n'),
    );
  });
}

test('names every flag and client in the help', () => {
  const help = helpText([...GROUPS.keys()], ['ws']);
  for (const flag of [
    '--peer',
    '--mode',
    '--size',
    '--rounds',
    '--cell-time',
    '--server',
    '--same-core',
    '--json',
    '--seed',
    '--guard',
    '--against',
    '--resume',
  ]) {
    assert.ok(help.includes(`  ${flag} `), flag);
  }
  assert.ok(help.includes('wirespeed-events'));
});
