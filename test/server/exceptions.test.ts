/**
 * What a server's hook or handler throws is the program's own mistake: it surfaces as an uncaught
 * exception, the client is told, and the server goes on.
 */
import { expect, it } from 'vitest';
import { runProgram } from '../support/run-program.ts';

it('an exception in the request hook is uncaught, and refuses the client with 500', async () => {
  for (const hook of [
    "() => { throw new Error('in the hook'); }",
    "async () => { throw new Error('in the hook'); }",
  ]) {
    const { lines, code } = await runProgram(`
      import { connect } from 'wirespeed';
      import { serve } from 'wirespeed/server';
      process.on('uncaughtException', (error) => console.log('uncaught', error.message));
      const server = await serve({ handlers: {}, request: ${hook} });
      await connect(server.url).catch((error) => console.log('refused', error.status));
      await server.close();`);
    expect(lines.toSorted()).toEqual(['refused 500', 'uncaught in the hook']);
    expect(code).toBe(0);
  }
});

it('a wrong decision is uncaught, and refuses the client with 500', async () => {
  for (const decision of [
    '{ status: 200 }',
    "{ protocol: 'none' }",
    "'yes'",
    "{ headers: { 'X': 'a\\nb' } }",
  ]) {
    const { lines } = await runProgram(`
      import { connect } from 'wirespeed';
      import { serve } from 'wirespeed/server';
      process.on('uncaughtException', (error) => console.log('uncaught', error.name));
      const server = await serve({ handlers: {}, request: () => (${decision}) });
      await connect(server.url).catch((error) => console.log('refused', error.status));
      await server.close();`);
    expect(lines.toSorted()).toEqual([
      'refused 500',
      expect.stringMatching(/^uncaught (Type|Range)Error$/),
    ]);
  }
});

it('an exception in a handler fails that connection with 1011, and no other', async () => {
  const { lines, code } = await runProgram(`
    import { connect } from 'wirespeed';
    import { serve } from 'wirespeed/server';
    process.on('uncaughtException', (error) => console.log('uncaught', error.message));
    const server = await serve({
      handlers: {
        message(ws, data) {
          if (data.length === 0) throw new Error('in the handler');
          ws.send(data, { text: true });
        },
      },
    });
    const [bad, good] = await Promise.all([connect(server.url), connect(server.url)]);
    await bad.send('');
    await bad.recv().catch((error) => console.log('closed', error.closeCode));
    await good.send('still served');
    console.log(await good.recv());
    await server.close();`);
  expect(lines).toEqual(['uncaught in the handler', 'closed 1011', 'still served']);
  expect(code).toBe(0);
});

it('a server that is closed lets the process exit, and unref lets it exit before', async () => {
  for (const end of ['await server.close();', 'server.unref();']) {
    const { code, lingered } = await runProgram(`
      import { serve } from 'wirespeed/server';
      const server = await serve({ handlers: {} });
      ${end}
      console.log('done');`);
    expect(code).toBe(0);
    expect(lingered).toBeLessThan(2000);
  }
});
