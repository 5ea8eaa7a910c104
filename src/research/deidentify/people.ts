/** Who is in an export, as references are rewritten by it. */

export interface People {
  /** @param personId of the store */
  has(personId: string): boolean;
  /** @returns the person that a patient is, or was joined to; undefined for one who is not known */
  personOf(patientId: string): string | undefined;
  /** @returns whether a patient is the one that stands for the person: of joined ones only one does */
  isMain(patientId: string): boolean;
}
