import { Link } from '../router.tsx'
import { Bell } from './bell.tsx'
import { Logo } from './icons.tsx'
import { ThemeToggle } from './theme-toggle.tsx'
import { VisitorMenu } from './visitor.tsx'

export function Header() {
  return (
    <header class="top">
      <div class="top-row">
        <Link to="/" class="brand">
          <Logo />
          <span>Homeward</span>
        </Link>
        <nav class="nav" aria-label="Pages">
          <Link to="/">Pets</Link>
          <Link to="/staff">Staff desk</Link>
        </nav>
        <ThemeToggle />
        <Bell />
        <VisitorMenu />
      </div>
    </header>
  )
}
