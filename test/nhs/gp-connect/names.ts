/** The names and codes of GP Connect messages as the configuration has them by default, with a use case of tests. */
import { gpConnectSchema } from '../../../src/config/gp-connect.ts';

export const SETTINGS = gpConnectSchema.parse({ names: { localExtension: 'SendDocument-Test' } });
export const NAMES = SETTINGS.names;
