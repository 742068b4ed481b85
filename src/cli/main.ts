import { run } from './run.ts'

// The end is said, not waited for: a keep-alive connection would hold the process for seconds.
process.exit(await run(process.argv.slice(2)))
