import { useEffect, useState } from 'preact/hooks'
import { followPets, pets } from '../live/pets.ts'
import { Fault, reason } from '../parts/fault.tsx'
import { become, visitor } from '../parts/visitor.tsx'
import { Inbox } from './inbox.tsx'
import { NoticeForm } from './notice-form.tsx'
import { RecordForm } from './record-form.tsx'
import { Roster } from './roster.tsx'

export function StaffPage() {
  const [fault, setFault] = useState<string>()
  useEffect(() => {
    document.title = 'Staff desk · Homeward'
    return followPets((error) => setFault(reason(error)))
  }, [])

  const all = pets.value ?? []
  const isStaff = visitor.value?.role === 'coordinator'
  return (
    <>
      <h1>Staff desk</h1>
      <Fault text={fault} />
      {visitor.value && !isStaff && (
        <section class="panel gate">
          <p>
            <b>You are an adopter at the moment.</b>
            <br />
            <span class="soft">The desk is for coordinators. There is no login here: just change sides.</span>
          </p>
          <button type="button" class="button" onClick={() => void become('coordinator')}>
            Become a coordinator
          </button>
        </section>
      )}
      {isStaff && all.length > 0 && (
        <div class="desk">
          <div>
            <Inbox pets={all} />
            <section class="panel" aria-labelledby="notice-title">
              <header>
                <h2 id="notice-title">Tell everybody</h2>
              </header>
              <NoticeForm />
            </section>
          </div>
          <div>
            <section class="panel" aria-labelledby="roster-title">
              <header>
                <h2 id="roster-title">Residents</h2>
                <span class="soft small">
                  {all.filter(({ status }) => status === 'AVAILABLE').length} of {all.length} waiting
                </span>
              </header>
              <Roster pets={all} />
            </section>
            <section class="panel" aria-labelledby="record-title">
              <header>
                <h2 id="record-title">Add a medical record</h2>
              </header>
              <RecordForm pets={all} />
            </section>
          </div>
        </div>
      )}
    </>
  )
}
