import { render } from 'preact'
import './style/tokens.css'
import './style/base.css'
import './style/controls.css'
import './style/header.css'
import './style/portrait.css'
import './style/pets.css'
import './style/chat.css'
import './style/staff.css'
import './style/wire.css'
import { App } from './app.tsx'

const root = document.getElementById('app')
if (root) render(<App />, root)
