/**
 * Refuses to pack a package by anything but pnpm: it writes versions where others would leave `workspace:` and
 * `catalog:`, which nobody could install.
 */
import { fail } from './messages.mjs';

const { npm_config_user_agent: agent = '' } = process.env;
if (!agent.startsWith('pnpm/'))
  fail('packages are packed by pnpm: "pnpm pack" or "pnpm publish", as others leave "workspace:" for versions');
