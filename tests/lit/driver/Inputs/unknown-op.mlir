"tfg.forest"() : () -> ()
