/** Turns an ethnic category into plainly synthetic names: everyday given names, and hedge plants for every family name. */

/** Given names and family names of one community, and the ethnic categories that draw from it. */
interface NamePool {
  /** UK Core England ethnic category codes */
  readonly categories: string;
  readonly female: readonly string[];
  readonly male: readonly string[];
  readonly family: readonly string[];
  /** BCP 47 languages spoken beside English */
  readonly languages: readonly string[];
}

const words = (text: string): string[] => text.split(' ').map((word) => word.replaceAll('_', ' '));

const POOLS: readonly NamePool[] = [
  {
    categories: 'A',
    female: words(
      'Margaret Susan Jean Dorothy Linda Karen Gemma Chloe Freya Megan Cerys Isla Maureen Patricia',
    ),
    male: words('David Alan Keith Trevor Gareth Rhys Callum Stuart Ronald Kenneth Lewis Harry Finlay Barry'),
    family: words(
      "Hawthorn Blackthorn Bramble Hazel Spindle Elder Dogwood Rowan Crabapple Guelder Bryony Hornbeam Campion Teasel Honeysuckle Wayfaring Draenen Celynen Ysgawen Mieri MacCaorann O'Bramble Hazel-Spindle Field_Maple",
    ),
    languages: [],
  },
  {
    categories: 'B',
    female: words('Siobhán Aoife Bridget Róisín Kathleen'),
    male: words('Seán Pádraig Declan Brendan Ciarán'),
    family: words("O'Sceach Ní_Chuilinn O'Droighin Mac_an_Airne"),
    languages: ['ga'],
  },
  {
    categories: 'C',
    female: words('Zofia Agnieszka Ioana Elena Ayşe Jūratė'),
    male: words('Krzysztof Łukasz Andrei Mihai Mehmet Tomasz'),
    family: words('Tarnina Głóg Jarzębina Leszczyna Păducel Măceș Kızılcık Böğürtlen'),
    languages: ['pl', 'ro', 'tr'],
  },
  {
    categories: 'DEFG',
    female: words('Leah Naomi Jade Maya Zara Aisha'),
    male: words('Marcus Jordan Reuben Elijah Kieran Idris'),
    family: words('Hibiscus-Hazel Palash-Elder Ixora Dogrose Mogra-Campion'),
    languages: [],
  },
  {
    categories: 'H',
    female: words('Priya Anjali Harpreet Meena Kavita'),
    male: words('Rajesh Vikram Gurdeep Suresh Arjun'),
    family: words('Mogra Karonda Jamun Tulsi Bor'),
    languages: ['gu', 'pa', 'hi'],
  },
  {
    categories: 'J',
    female: words('Ayesha Nasreen Fatima Saima Zainab'),
    male: words('Imran Tariq Bilal Yasin Khalid'),
    family: words('Shahtoot Anar Mehndi Chambeli Gulab'),
    languages: ['ur', 'pa'],
  },
  {
    categories: 'K',
    female: words('Shirin Nasima Rokeya Taslima'),
    male: words('Abdul_Karim Shafiq Jamal Mizanur'),
    family: words('Shimul Palash Bokul Kamini'),
    languages: ['bn', 'syl'],
  },
  {
    categories: 'LS',
    female: words('Maria_Luz Noor Shirin Thuy Hala'),
    male: words('Reza Omar Dinesh Nguyen Yusuf'),
    family: words('Zarour Rayhan Zereshk Gumamela al-Yasmin'),
    languages: ['ar', 'fa', 'ta'],
  },
  {
    categories: 'MP',
    female: words('Beverley Sonia Marcia Claudette Hyacinth'),
    male: words('Winston Leroy Desmond Errol Delroy'),
    family: words('Hibiscus Croton Oleander Bougainville Seagrape'),
    languages: [],
  },
  {
    categories: 'N',
    female: words('Folasade Ngozi Abena Hodan Amina'),
    male: words('Kwame Chinedu Tunde Abdi Kofi'),
    family: words('Ewuro Ogirisi Akoko Qansax Galol'),
    languages: ['so', 'yo', 'fr'],
  },
  {
    categories: 'R',
    female: words('Mei Xiu_Ying Wai-Ling'),
    male: words('Wei Ka-Ming Jian'),
    family: words('Shanzha Meihua Guihua'),
    languages: ['zh', 'yue'],
  },
];

/** @param category UK Core England code; Z and 99 (not stated, not known) draw from the largest pool */
export function namesFor(category: string): NamePool {
  return POOLS.find((pool) => pool.categories.includes(category)) ?? POOLS[0]!;
}
