import { checkClients, checkPace } from './run.ts'

const [runs = '200', seed = '1'] = process.argv.slice(2)
const attempts = await checkPace()
if (attempts > 80) throw new Error(`${attempts} attempts in ten minutes`)
console.log(await checkClients(Number(runs), Number(seed)))
