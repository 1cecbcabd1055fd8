using System.Text;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Engine.Journals;

/// <summary>
/// Allows at most one run of a platform on this machine. The lock is a flock, which ends with its process: kill -9
/// leaves nothing behind. The file holds a line that describes the holder, for the message to another run.
/// </summary>
public sealed class RunLock : IDisposable
{
    private readonly SafeFileHandle _file;

    private RunLock(SafeFileHandle file, string platform) => (_file, Platform) = (file, platform);

    public string Platform { get; }

    /// <summary>Takes the lock.</summary>
    /// <param name="state">The state directory, which holds the lock files.</param>
    /// <param name="platform">The platform that the run is for.</param>
    /// <param name="holder">The description of this run that another run is shown: "process 4711, since 2026-11-22
    /// 21:04:00Z".</param>
    /// <exception cref="ProblemException">Another run holds it; the message names its process and since when.</exception>
    public static RunLock Take(StateDirectory state, string platform, string holder) =>
        TryTake(state, platform, holder, out var other) ?? throw Catalogue.RunInProgress.Throwable($"Another run for the platform '{platform}' is in progress: {other}.");

    /// <summary>Takes the lock; waits while it is held for a certain purpose.</summary>
    /// <param name="state">The state directory, which holds the lock files.</param>
    /// <param name="platform">The platform that the run is for.</param>
    /// <param name="holder">The description of this run that another run is shown.</param>
    /// <param name="waitFor">The beginning of a holder's description for which the lock is waited for.</param>
    /// <param name="patience">The longest wait.</param>
    /// <param name="clock">The clock that measures the wait.</param>
    /// <exception cref="ProblemException">Another run holds the lock, or still holds it after the wait.</exception>
    internal static async Task<RunLock> TakeAfterAsync(StateDirectory state, string platform, string holder, string waitFor, TimeSpan patience, TimeProvider clock)
    {
        for (var began = clock.GetTimestamp(); clock.GetElapsedTime(began) < patience; await Task.Delay(TimeSpan.FromMilliseconds(100), clock))
        {
            if (TryTake(state, platform, holder, out var other) is { } taken) return taken;
            if (!other.StartsWith(waitFor, StringComparison.Ordinal)) break;
        }
        return Take(state, platform, holder);
    }

    /// <summary>Takes the lock, or returns null and the description of the holder.</summary>
    public static RunLock? TryTake(StateDirectory state, string platform, string holder, out string other)
    {
        var path = Path.Combine(state.Locks, platform);
        other = "";
        try
        {
            var file = LibC.OpenOrCreate(path);
            if (LibC.TryLock(file)) return new RunLock(Sign(file, holder), platform);
            using (file) other = Holder(file);
            return null;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.StateUnwritable.Throwable($"The lock '{path}' cannot be taken: {refused.Message.TrimEnd('.')}.", refused);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_file.IsClosed) return;
        LibC.Release(_file);
        _file.Dispose();
    }

    /// <summary>Reads without a FileStream, which would request a lock of its own and be refused.</summary>
    private static string Holder(SafeFileHandle file)
    {
        var text = new byte[256];
        var length = RandomAccess.Read(file, text, 0);
        return length > 0 ? Encoding.UTF8.GetString(text, 0, length).Trim() : "a process that has just begun";
    }

    private static SafeFileHandle Sign(SafeFileHandle file, string holder)
    {
        RandomAccess.SetLength(file, 0);
        RandomAccess.Write(file, Encoding.UTF8.GetBytes(holder + "\n"), 0);
        return file;
    }
}
