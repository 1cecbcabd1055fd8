namespace Holdfast.Engine.Hosts;

/// <summary>How well the clock of this machine is kept, as the kernel was told by a time service. <paramref name="MaximumError"/> is how far it may be off.</summary>
public sealed record KernelClock(bool IsSynchronised, TimeSpan MaximumError)
{
    /// <exception cref="IOException">The kernel does not say: a container may forbid the question.</exception>
    public static KernelClock Read() => LibC.ReadClock();
}
