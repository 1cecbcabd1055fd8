using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Restoring;

/// <summary>Distinguishes failures of one node from those that end a restore.</summary>
internal static class TargetFailure
{
    /// <summary>Returns the failure that ends the restore, or null when only this path is affected.</summary>
    public static ResticException? Fatal(PosixException error) => error.Errno switch
    {
        Errno.ENOSPC or Errno.EDQUOT => new ResticException(ResticError.Full, $"No room is left for the restore: {error.Message}.", error),
        _ => null,
    };

    /// <summary>
    /// Runs an action on one path: returns null when it succeeds, or else the reason for its failure.
    /// </summary>
    /// <exception cref="ResticException">Full.</exception>
    public static string? Try(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (PosixException error)
        {
            return Fatal(error) is { } fatal ? throw fatal : error.Message;
        }
    }
}
