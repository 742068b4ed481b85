// Before the first paint, so that a page in the chosen theme does not flash in the other.
const theme = localStorage.getItem('theme')
if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
