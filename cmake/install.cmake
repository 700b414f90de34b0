# Executables live together, because berth finds its shim and its init beside itself; /usr/bin/berth is a link to it.
foreach(app berth berth-shim berth-init)
  if(TARGET ${app})
    install(TARGETS ${app} RUNTIME DESTINATION lib/berth COMPONENT berth)
  endif()
endforeach()
install(CODE "
  set(bin \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/bin\")
  file(MAKE_DIRECTORY \"\${bin}\")
  file(CREATE_LINK ../lib/berth/berth \"\${bin}/berth\" SYMBOLIC)" COMPONENT berth)
install(FILES packaging/berth.service DESTINATION lib/systemd/system COMPONENT berth)
