# frozen_string_literal: true

# Lets a worker join whose master does not come up beside it, or not in time: waiting_worker.rb PLUGIN.
# Prints as JSON what the user is told.

require "json"
require "vagrant"
require ARGV[0]

def told
  Lab::Join.new(Struct.new(:name).new(:worker1), nil).provision
rescue Lab::Error => error
  error.message
end

begin
  Lab::WAYS.go(:master) { raise "no network" }
rescue RuntimeError
  failed = told
end
Lab::WAYS.define_singleton_method(:wait) { |name, _seconds| name == :master ? :going : nil }
puts JSON.generate({ failed: failed, late: told })
