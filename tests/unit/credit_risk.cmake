if(TARGET credit-risk-model)
  twine_test(credit_risk_test SOURCES unit/credit_risk_test.cc LIBRARIES credit-risk-model)
  # The model is built without exceptions; GoogleTest is not.
  target_compile_options(credit_risk_test PRIVATE -fexceptions)
endif()
