import { apache } from './apache.ts'
import { caddy } from './caddy.ts'
import { haproxy } from './haproxy.ts'
import { nginx } from './nginx.ts'
import type { Recommended } from './site.ts'

/** The proxies that there is a configuration for, by their names. */
export const recommended: ReadonlyMap<string, Recommended> = new Map(
  Object.entries({ nginx, haproxy, caddy, apache }),
)
