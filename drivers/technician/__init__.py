"""What a technician does with the devices: doctor, list, bind, watch, test, record, burn-in, roll. Asks the service; owns no device."""
