console.error('npm start is not there yet')
process.exitCode = 1
