/** The invented country of the demo set: practices, hospital, services, link workers and activities. */

/** An organisation; its ODS code is made up and stands in no register. */
export interface Place {
  readonly name: string;
  readonly ods: string;
}

export const PRACTICES: readonly Place[] = [
  { name: 'Bramble Lane Surgery', ods: 'Z99901' },
  { name: 'Teasel Road Medical Centre', ods: 'Z99902' },
  { name: 'Kingcup Health Centre', ods: 'Z99903' },
  { name: 'Stitchwort Practice', ods: 'Z99904' },
  { name: 'Old Orchard Surgery', ods: 'Z99905' },
  { name: 'The Yarrow Partnership', ods: 'Z99906' },
];
export const HOSPITAL: Place = { name: 'Sallowfield General Hospital', ods: 'Z9991' };
export const SCHOOL: Place = { name: 'Thornbank Academy', ods: 'Z9995' };
export const COUNCIL: Place = { name: 'Sallowfield Council Adult Care', ods: 'Z9996' };

/** Where a referral goes: the kind of link worker says the kind of service. */
export type Service = 'community' | 'hospital' | 'young-people';
export const SERVICES: Readonly<Record<Service, Place>> = {
  community: { name: 'Hedgeways Community Link Workers', ods: 'Z9992' },
  hospital: { name: 'Sallowfield Hospital Link Workers', ods: 'Z9993' },
  'young-people': { name: 'Sapling Young People’s Link Workers', ods: 'Z9994' },
};

export interface LinkWorker {
  readonly id: string;
  readonly name: string;
  readonly service: Service;
}

export const LINK_WORKERS: readonly LinkWorker[] = [
  { id: 'LW01', name: 'Imogen Catkin', service: 'community' },
  { id: 'LW02', name: 'Devinder Jamun', service: 'community' },
  { id: 'LW03', name: 'Tomos Gwernen', service: 'community' },
  { id: 'LW04', name: 'Ruth Oleander', service: 'community' },
  { id: 'LW05', name: 'Farah Anar', service: 'hospital' },
  { id: 'LW06', name: 'Colm O’Sceach', service: 'hospital' },
  { id: 'LW07', name: 'Jess Sloe', service: 'young-people' },
  { id: 'LW08', name: 'Kojo Akoko', service: 'young-people' },
];

/** One GP and one nurse a practice, in the order of `PRACTICES`; a nurse of the hospital; and others who refer. */
export const CLINICIANS = [
  'Helen Larkspur',
  'Samir Tormentil',
  'Aroti Palash',
  'Malcolm Sorrel',
  'Ngozi Ewuro',
  'Dilys Celynen',
] as const;
export const NURSES = [
  'Jean Vetch',
  'Paul Betony',
  'Kasia Głóg',
  'Bernadette Yarrow',
  'Olu Akoko',
  'Meena Bor',
] as const;
export const HOSPITAL_NURSES = ['Grace Comfrey', 'Tariq Anar'] as const;
export const SOCIAL_WORKERS = ['Lena Comfrey', 'Bill Tansy'] as const;
export const TEACHER = 'Chris Betony';

/** Streets and towns that are on no map; the ZZ postcode area is not in use. */
export const STREETS = [
  'Bramble Lane',
  'Coppice Row',
  'Dogrose Avenue',
  'Quickset Street',
  'Stile Close',
  'Pleachers Way',
  'Billhook Road',
  'Ditchside',
  'Sloe Gardens',
  'Nut Tree Court',
] as const;
export const TOWNS = [
  ['Hedgerow-on-Thrift', 'ZZ1'],
  ['Sallowfield', 'ZZ2'],
  ['Upper Thornbank', 'ZZ3'],
  ['Nether Quickset', 'ZZ4'],
] as const;
