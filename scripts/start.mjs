// `npm start`: from a fresh checkout to a running demo. PORT says where (4000 unless set).
import { fail, nodePath, run } from './toolchain.mjs'
import { ensureBuild, ensureDependencies } from './setup.mjs'

const port = process.env['PORT'] || '4000'
if (!/^\d{1,5}$/.test(port) || Number(port) > 65535)
  fail(`PORT must be a number from 0 to 65535, not "${port}".`)

await ensureDependencies()
await ensureBuild()

process.exitCode = await run(nodePath(), ['bin/everwire.js', 'demo', ...process.argv.slice(2)], {
  env: { ...process.env, PORT: port },
  onSpawn(child) {
    // At a terminal, Ctrl-C reaches the child by itself; a second SIGINT would cut its clean shutdown short.
    process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
    process.on('SIGTERM', () => child.kill('SIGTERM'))
    process.on('SIGHUP', () => child.kill('SIGHUP'))
  },
})
