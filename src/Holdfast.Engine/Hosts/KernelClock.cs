namespace Holdfast.Engine.Hosts;

/// <summary>
/// The synchronization state of this machine's clock, as a time service reported it to the kernel. <paramref
/// name="MaximumError"/> is the largest possible error.
/// </summary>
public sealed record KernelClock(bool IsSynchronised, TimeSpan MaximumError)
{
    /// <exception cref="IOException">The kernel does not report it: a container may forbid the call.</exception>
    public static KernelClock Read() => LibC.ReadClock();
}
