import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

export default defineConfig({
  resolve: {
    // Tests run the sources under the names that users import.
    alias: [
      { find: /^everwire$/, replacement: source('index.ts') },
      { find: /^everwire\/client$/, replacement: source('client/index.ts') },
      { find: /^everwire\/testing$/, replacement: source('testing/index.ts') },
    ],
  },
  test: {
    pool: 'forks',
    // Most of the time goes by in waiting for processes, disks and clocks.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    passWithNoTests: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts', 'src/**/*.test.ts'],
          exclude: [
            ...configDefaults.exclude,
            'test/architecture.test.ts',
            'test/browser/**',
            'test/pack.test.ts',
          ],
        },
      },
      { extends: true, test: { name: 'architecture', include: ['test/architecture.test.ts'] } },
      {
        extends: true,
        test: { name: 'browser', include: ['test/browser/**/*.test.ts'], testTimeout: 60_000 },
      },
      { extends: true, test: { name: 'pack', include: ['test/pack.test.ts'], testTimeout: 120_000 } },
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            // The sources' own errors are a check of their own.
            ignoreSourceErrors: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: './tsconfig.json',
          },
        },
      },
    ],
  },
})
