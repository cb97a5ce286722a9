/** The cities of the example, by id. */
export const cities: readonly (readonly [id: string, name: string])[] = [
  ["1", "beijing"],
  ["2", "shanghai"],
  ["3", "guangzhou"],
  ["4", "shenzhen"],
  ["5", "hangzhou"],
  ["6", "wuhan"],
  ["7", "chengdu"],
  ["8", "tianjin"],
  ["9", "chongqing"],
];
