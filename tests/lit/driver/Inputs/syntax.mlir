module {
  tfg.model @model attributes
}
