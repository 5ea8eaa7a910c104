/** Address of a service that is sent tokens, keys or people's data: by https, but for one on this machine. */
import { z } from 'zod';

const HINT = 'write https: tokens and NHS numbers go there; http is for a service on this machine';

export const serviceUrlSchema = z.url({ protocol: /^https?$/ }).refine(isSafe, HINT);

function isSafe(text: string): boolean {
  if (!URL.canParse(text)) return true; // said already
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

/** Loopback addresses, as a configuration names them. */
export function isLoopbackHost(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/.test(host);
}
