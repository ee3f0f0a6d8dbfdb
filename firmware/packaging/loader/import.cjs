// Compiled by main.ts as if it lay in the unpacked tree, because only files may import files.
module.exports = (url) => import(url);
