import { run } from './run.ts'

const code = await run(process.argv.slice(2))
// What was written leaves first: where a pipe is asynchronous, an exit would cut it off.
for (const stream of [process.stdout, process.stderr])
  if (stream.writableLength > 0) await new Promise<void>((left) => stream.write('', () => left()))
// The end is said, not waited for: a keep-alive connection would hold the process for seconds.
process.exit(code)
