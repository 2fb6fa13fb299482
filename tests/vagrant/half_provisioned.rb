# frozen_string_literal: true

# Runs provisioners that come to an end and that fail, by Vagrant's own runner with the lab's plugin:
# half_provisioned.rb PLUGIN FOLDER. Prints as JSON whether the machine counts as provisioned then.

require "json"
require "vagrant"
require ARGV[0]

machine = Struct.new(:name, :data_dir, :triggers).new(:master, Pathname.new(ARGV[1]), nil)
done = machine.data_dir.join("action_provision")
ENDS = { "fails" => ->(_) { raise Lab::Error, "The network is away." }, "succeeds" => ->(_) {} }.freeze

counts = ENDS.transform_values do |provisioner|
  done.write("1.5:id")
  begin
    Vagrant::Action::PrimaryRunner.new.run(provisioner, { action_name: :provisioner_run, machine: machine })
  rescue Lab::Error
    nil
  end
  done.exist?
end
puts JSON.generate(counts)
