/** What hedgerow.config.json may say of the Booking and Referral Standard: how services know us, and to which one a target sends. */
import { z } from 'zod';
import { barsReceiveSchema } from './bars-receive.ts';

const dosServiceId = z
  .string()
  .regex(/^[0-9A-Za-z-]{1,64}$/, 'an id of the Directory of Services')
  .describe('Id in the Directory of Services');

/** What of `nhs` is about BaRS. */
export const barsSchema = z.strictObject({
  dosServiceId: dosServiceId.describe('Our own id in the Directory of Services: where services answer to'),
  contact: z
    .strictObject({
      system: z.enum(['phone', 'email', 'url']).default('phone'),
      value: z.string().min(1),
    })
    .optional()
    .describe('Whom a service may ask about our messages; no person’s own number'),
  productId: z
    .strictObject({ system: z.string().min(1), value: z.string().min(1) })
    .optional()
    .describe('Identifier of the product, as it was given at onboarding'),
  receive: barsReceiveSchema
    .optional()
    .describe('Referrals are received; without it none are (docs/bars-receiver.md)'),
});

export type BarsConfig = z.infer<typeof barsSchema>;

/** Members that a target of kind `bars` has beside those of all targets. */
export const barsTargetMembers = {
  service: z
    .strictObject({
      dosServiceId,
      name: z.string().min(1),
      odsCode: z
        .string()
        .regex(/^[A-Za-z0-9]{3,10}$/, 'an ODS code')
        .transform((code) => code.toUpperCase())
        .describe('Organisation that provides it'),
    })
    .optional()
    .describe('BaRS: the service that referrals go to'),
  useCase: z
    .strictObject({
      code: z.string().regex(/^[A-Za-z0-9-]{1,32}$/, 'a code of usecases-categories-bars'),
      display: z.string().min(1),
    })
    .optional()
    .describe('BaRS: use case that NHS England has allocated; there is no default'),
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/, 'a version such as 1.1.0')
    .optional()
    .describe('BaRS: version of the standard that the service takes; default 1.1.0'),
  inErrorReason: z
    .enum(['update', 'delete'])
    .optional()
    .describe(
      'BaRS: reason of a message that marks a referral as entered in error; default update, as the guide has it',
    ),
  checkDefinitions: z
    .boolean()
    .optional()
    .describe(
      'BaRS: ask the service once a day, before a new referral, whether it takes the use case; default true',
    ),
};
