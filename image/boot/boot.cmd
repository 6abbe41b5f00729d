# Which of the two slots starts: read by U-Boot on every board. image/hooks/slots makes boot.scr of it.
#
# The choice is text in two copies of one sector before the first partition; appliance/update/boot_choice.py has its format
# and the order in which it is written, which here is the same: whenever the power goes, one whole copy is left, with the
# old choice or the new one. A trial is counted down before its kernel is loaded; that is U-Boot's only change.
# (In this shell a variable of `for` and one of setenv with the same name are two.)
setenv suntap_names suntap_kept suntap_trial suntap_tries
setenv suntap_sector ${kernel_addr_r}
${devtype} dev ${devnum}
setenv suntap_copy 1
if ${devtype} read ${suntap_sector} 0x800 1 && env import -d -c ${suntap_sector} 0x200 ${suntap_names}; then
    echo "suntap: choice of copy 1"
elif ${devtype} read ${suntap_sector} 0x1000 1 && env import -d -c ${suntap_sector} 0x200 ${suntap_names}; then
    echo "suntap: choice of copy 2"
    setenv suntap_copy 2
else
    env delete -f ${suntap_names}
fi

if test "${suntap_kept}" = B; then
    setenv suntap_other A
else
    setenv suntap_kept A
    setenv suntap_other B
fi
setenv suntap_first ${suntap_kept}
setenv suntap_second ${suntap_other}
setenv suntap_why kept
if test "${suntap_trial}" = "${suntap_other}"; then
    setenv suntap_left
    if test "${suntap_tries}" = 3; then
        setenv suntap_left 2
    elif test "${suntap_tries}" = 2; then
        setenv suntap_left 1
    elif test "${suntap_tries}" = 1; then
        setenv suntap_left 0
    fi
    if test -n "${suntap_left}"; then
        setenv suntap_tries ${suntap_left}
        # What was read is still in memory: the second copy must be whole before the first is written.
        if test ${suntap_copy} = 2 || ${devtype} write ${suntap_sector} 0x1000 1; then
            env export -c -s 0x200 ${suntap_sector} ${suntap_names}
            if ${devtype} write ${suntap_sector} 0x800 1 && ${devtype} write ${suntap_sector} 0x1000 1; then
                setenv suntap_first ${suntap_other}
                setenv suntap_second ${suntap_kept}
                setenv suntap_why "on trial, tries left: ${suntap_left}"
                setenv suntap_mark " suntap.trial"
            fi
        fi
    fi
fi

# What the firmware made of cmdline.txt.
setenv suntap_args
fdt addr ${fdt_addr} && fdt get value suntap_args /chosen bootargs
# This kernel is larger than the room that U-Boot's own addresses leave for one.
setexpr suntap_initrd ${kernel_addr_r} + 0xa000000
for slot in ${suntap_first} ${suntap_second}; do
    if test ${slot} = A; then
        setenv suntap_part 2
    else
        setenv suntap_part 3
    fi
    echo "suntap: slot ${slot}, ${suntap_why}"
    if load ${devtype} ${devnum}:${suntap_part} ${kernel_addr_r} /boot/vmlinuz && load ${devtype} ${devnum}:${suntap_part} ${suntap_initrd} /boot/initrd.img; then
        # panic: a kernel without a root file system starts again as well, so that a trial comes to its end.
        setenv bootargs "${suntap_args} root=PARTUUID=5055aa01-0${suntap_part} rauc.slot=${slot} panic=30${suntap_mark}"
        booti ${kernel_addr_r} ${suntap_initrd}:${filesize} ${fdt_addr}
    fi
    echo "suntap: slot ${slot} cannot be started"
    setenv suntap_why "as the other cannot be started"
    setenv suntap_mark
done
echo "suntap: once more in a minute"
sleep 60
reset
