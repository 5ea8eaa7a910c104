/** Where exports are asked after and had from, below the FHIR base. */
export const STATUS_PATH = '/$export-status';
export const FILE_PATH = '/$export-file';
