import { useEffect } from 'preact/hooks'
import { Footer } from './wire/footer.tsx'
import { followNotices } from './live/notices.ts'
import { followTicker } from './live/ticker.ts'
import { Header } from './parts/header.tsx'
import { Toasts } from './parts/toasts.tsx'
import { meet } from './parts/visitor.tsx'
import { PetListPage } from './pets/list-page.tsx'
import { PetPage } from './pets/pet-page.tsx'
import { Link, path } from './router.tsx'
import { StaffPage } from './staff/staff-page.tsx'

export function App() {
  useEffect(() => {
    void meet()
    const stops = [followNotices(), followTicker()]
    return () => stops.forEach((stop) => stop())
  }, [])
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Header />
      <Toasts />
      <main id="main" class="page" tabIndex={-1}>
        <Page />
      </main>
      <Footer />
    </>
  )
}

function Page() {
  const petId = /^\/pets\/([^/]+)$/.exec(path.value)?.[1]
  if (path.value === '/') return <PetListPage />
  if (path.value === '/staff') return <StaffPage />
  if (petId) return <PetPage key={petId} id={decodeURIComponent(petId)} />
  return (
    <div class="empty">
      <h1>Nobody lives here</h1>
      <p>
        This page has moved out. <Link to="/">See all pets</Link>
      </p>
    </div>
  )
}
