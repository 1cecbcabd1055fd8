using Holdfast.Restic;

namespace Holdfast.Engine.Problems;

/// <summary>Converts exceptions of other layers to problems; no other class does so.</summary>
public static class ProblemMapping
{
    /// <summary>
    /// Full disk and full quota, as .NET carries them in an IOException's HResult: the errno of a failed write (source:
    /// asm-generic/errno.h), or Windows' code when a file could not be given its size beforehand.
    /// </summary>
    private const int NoSpace = 28, QuotaExceeded = 122, DiskFull = unchecked((int)0x80070070);

    /// <summary>
    /// The problem for an exception. An unknown exception is an error in the program: the message contains its type.
    /// </summary>
    public static Problem ToProblem(this Exception exception) => exception switch
    {
        ProblemException known => known.Problem,
        ResticException restic => Of(restic),
        OperationCanceledException => Catalogue.RunInterrupted.With("The run was interrupted."),
        IOException full when IsFull(full) => Catalogue.TargetFull.With(full.Message),
        IOException or UnauthorizedAccessException => Catalogue.StepFailed.With(Sentence(exception.Message)),
        _ => Catalogue.StepFailed.With(Sentence($"{exception.GetType().Name}: {exception.Message}")),
    };

    /// <summary>Converts an exception to a <see cref="ProblemException"/>, which ends a run.</summary>
    public static ProblemException ToThrowable(this Exception exception) =>
        exception as ProblemException ?? new ProblemException(exception.ToProblem(), exception);

    /// <summary>True when a disk or a quota is full.</summary>
    public static bool IsFull(IOException exception) => exception.HResult is NoSpace or QuotaExceeded or DiskFull;

    private static string Sentence(string text) => text.TrimEnd('.') + ".";

    private static Problem Of(ResticException exception) => KindOf(exception.Error).With(exception.Message);

    private static ProblemKind KindOf(ResticError error) => error switch
    {
        ResticError.NoRepository => Catalogue.RepositoryMissing,
        ResticError.AlreadyThere => Catalogue.RepositoryExists,
        ResticError.Occupied => Catalogue.RepositoryOccupied,
        ResticError.WrongPassword => Catalogue.RepositoryPassword,
        ResticError.Locked => Catalogue.RepositoryLocked,
        ResticError.LockLost => Catalogue.RepositoryLockLost,
        ResticError.Damaged => Catalogue.RepositoryDamaged,
        ResticError.ConfigLost => Catalogue.RepositoryConfigLost,
        ResticError.KeysLost => Catalogue.RepositoryKeysLost,
        ResticError.NotFound => Catalogue.RepositoryDamaged,
        ResticError.NoSuchName => Catalogue.PointMissing,
        ResticError.Ambiguous => Catalogue.PointAmbiguous,
        ResticError.Full => Catalogue.RepositoryFull,
        ResticError.ReadOnly => Catalogue.RepositoryReadOnly,
        ResticError.Unreadable => Catalogue.RepositoryUnreadable,
        ResticError.Unsupported => Catalogue.RepositoryUnsupported,
        ResticError.Target => Catalogue.TargetUnusable,
        ResticError.Unsafe => Catalogue.TargetUnsafe,
        ResticError.ForeignLink => Catalogue.PathUnsafe,
        ResticError.NoOpenSsl => Catalogue.OpenSslMissing,
        ResticError.Unreachable => Catalogue.RepositoryUnreachable,
        ResticError.Refused => Catalogue.RepositoryRefused,
        ResticError.Denied => Catalogue.RepositoryDenied,
        ResticError.KeysExpired => Catalogue.RepositoryKeysExpired,
        ResticError.ClockSkewed => Catalogue.RepositoryClock,
        ResticError.InputOutput => Catalogue.RepositoryIo,
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, "A kind of error without a problem."),
    };
}
