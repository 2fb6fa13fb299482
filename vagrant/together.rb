# frozen_string_literal: true

# Owns how the VMs that one command brings up side by side, each in a thread, go by one another: what
# is done once for all of them, and how one waits for the end of another. Plain Ruby; where the
# provider takes one VM after the other, nobody ever waits.

module Lab
  # Done by the first who comes; the others wait meanwhile, and go by its outcome.
  class Once
    def initialize
      @lock = Mutex.new
      @succeeded = nil
    end

    # Whether the block came to its end; what it raises meets who runs it alone.
    def run
      @lock.synchronize do
        next @succeeded unless @succeeded.nil?

        @succeeded = false
        yield
        @succeeded = true
      end
    end
  end

  # Which VMs are on their way up, and how it ended.
  class Ways
    def initialize
      @lock = Mutex.new
      @changed = ConditionVariable.new
      @stages = {}
    end

    # The block is that VM's way up.
    def go(name)
      tell(name, :going)
      yield
      arrived = true
    ensure
      tell(name, arrived ? :arrived : :failed)
    end

    # :arrived or :failed, waited for while it is :going; still that when `seconds` are over, and nil
    # for a VM that this command does not bring up.
    def wait(name, seconds)
      deadline = now + seconds
      @lock.synchronize do
        while @stages[name] == :going && (left = deadline - now).positive?
          @changed.wait(@lock, left)
        end
        @stages[name]
      end
    end

    private

    def tell(name, stage)
      @lock.synchronize do
        @stages[name] = stage
        @changed.broadcast
      end
    end

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
