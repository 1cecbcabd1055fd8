namespace Holdfast.Restic.Backends;

/// <summary>Translates failures of the local file system into failures of the repository.</summary>
internal static class LocalFailure
{
    // Source: Linux, include/uapi/asm-generic/errno-base.h and errno.h. .NET puts the errno into HResult.
    private const int NotPermitted = 1, AccessDenied = 13, NotADirectory = 20, NoSpace = 28, ReadOnlyFileSystem = 30, Link = 40, QuotaExceeded = 122;

    /// <summary>
    /// Runs an action that changes something; its failure becomes a <see cref="ResticException"/> that names the file
    /// and the location.
    /// </summary>
    public static void Guard(string location, string file, Action action) =>
        Guard(location, file, () =>
        {
            action();
            return true;
        });

    /// <inheritdoc cref="Guard(string, string, Action)"/>
    public static T Guard<T>(string location, string file, Func<T> action) => Guard(location, file, ResticError.ReadOnly, action);

    /// <summary>
    /// Runs an action that only reads: where permission is denied, the failure is <see cref="ResticError.Unreadable"/>.
    /// </summary>
    public static T GuardReading<T>(string location, string file, Func<T> action) => Guard(location, file, ResticError.Unreadable, action);

    /// <inheritdoc cref="GuardReading{T}(string, string, Func{T})"/>
    public static void GuardReading(string location, string file, Action action) =>
        GuardReading(location, file, () =>
        {
            action();
            return true;
        });

    private static T Guard<T>(string location, string file, ResticError denied, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Explain(location, file, denied, failure);
        }
    }

    private static ResticException Explain(string location, string file, ResticError denied, Exception failure)
    {
        var subject = file.Length == 0 ? location : $"{file} in {location}";
        return failure switch
        {
            FileNotFoundException or DirectoryNotFoundException => new(ResticError.NotFound, $"{subject} is not there.", failure),
            UnauthorizedAccessException => Denied(),
            _ => failure.HResult switch
            {
                NotADirectory => new(ResticError.NotFound, $"{subject} is not there: a file stands where a folder should be.", failure),
                NoSpace or QuotaExceeded => new(ResticError.Full, $"No room is left for {subject}.", failure),
                ReadOnlyFileSystem => new(ResticError.ReadOnly, $"{subject} cannot be written: the file system is read-only.", failure),
                Link => new(ResticError.ForeignLink, $"{subject}: {failure.Message}", failure),
                NotPermitted or AccessDenied => Denied(),
                _ => new(ResticError.InputOutput, $"{subject}: {failure.Message}", failure),
            },
        };

        ResticException Denied() => new(denied, $"{subject} may not be {(denied == ResticError.Unreadable ? "read" : "changed")} by this user: permission denied.", failure);
    }
}
