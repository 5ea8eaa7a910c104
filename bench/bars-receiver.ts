/** Runs the strict BaRS service of the tests as a process of its own, that takes one referral as new again and again. */
import { startBarsReceiver } from '../test/servers/bars-receiver.ts';

const [service = '', useCase = ''] = process.argv.slice(2);
const receiver = await startBarsReceiver({ service, useCase, forgets: true });
console.log(receiver.url);
