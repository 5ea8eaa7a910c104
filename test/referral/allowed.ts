/** The table of referral states, written out by hand from the model: what tests hold the code against. */
import type { ReferralActor, ReferralEvent, ReferralState } from '../../src/referral/states.ts';

/** State, event, who may say so (r referrer, s service, n receiving service), state after. */
export type Allowed = readonly [ReferralState, ReferralEvent, string, Exclude<ReferralState, 'none'>];

export const ALLOWED: readonly Allowed[] = `
none offered r draft
none referred r requested
none self-referred r requested
draft referred r requested
draft self-referred r requested
draft declined r cancelled
draft withdrawn rs cancelled
draft died rs cancelled
draft moved rs cancelled
requested received s received
requested accepted s accepted
requested rejected s rejected
requested cancelled r cancelled
requested withdrawn rs cancelled
requested died rs cancelled
requested moved rs cancelled
received accepted s accepted
received rejected s rejected
received cancelled r cancelled
received withdrawn rs cancelled
received died rs cancelled
received moved rs cancelled
accepted contact-attempted s in-progress
accepted cancelled r cancelled
accepted withdrawn s failed
accepted could-not-be-contacted s failed
accepted died s failed
accepted moved s failed
in-progress contact-attempted s in-progress
in-progress put-on-hold s on-hold
in-progress withdrawn s failed
in-progress could-not-be-contacted s failed
in-progress died s failed
in-progress moved s failed
in-progress hand-over-offered s in-progress
in-progress hand-over-accepted n completed
in-progress hand-over-refused n in-progress
in-progress completed s completed
on-hold resumed s in-progress
on-hold withdrawn s failed
on-hold could-not-be-contacted s failed
on-hold died s failed
on-hold moved s failed
on-hold completed s completed
draft entered-in-error rs entered-in-error
requested entered-in-error rs entered-in-error
received entered-in-error rs entered-in-error
accepted entered-in-error rs entered-in-error
rejected entered-in-error rs entered-in-error
cancelled entered-in-error rs entered-in-error
in-progress entered-in-error rs entered-in-error
on-hold entered-in-error rs entered-in-error
failed entered-in-error rs entered-in-error
completed entered-in-error rs entered-in-error
`
  .trim()
  .split('\n')
  .map((line) => line.split(' ') as unknown as Allowed);

export const LETTER: Readonly<Record<ReferralActor, string>> = {
  referrer: 'r',
  service: 's',
  'receiving-service': 'n',
};
