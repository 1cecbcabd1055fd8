using System.Runtime.InteropServices;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>
/// The functions used of PostgreSQL's own client library, which pg_dump and pg_basebackup require. Source: PostgreSQL's
/// manual, chapter 34, "libpq".
/// </summary>
internal static unsafe partial class LibPq
{
    /// <summary>The library's file name, unchanged since version 8.2.</summary>
    public const string Library = "libpq.so.5";

    // ConnStatusType and ExecStatusType of libpq-fe.h.
    public const int Connected = 0, Command = 1, Tuples = 2, CopyOut = 3;

    /// <summary>PG_DIAG_SQLSTATE.</summary>
    public const int State = 'C';

    /// <summary>Whether the library is installed on this machine.</summary>
    public static bool IsThere()
    {
        if (!NativeLibrary.TryLoad(Library, typeof(LibPq).Assembly, DllImportSearchPath.SafeDirectories, out var found)) return false;
        NativeLibrary.Free(found);
        return true;
    }

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint PQconnectdb(string parameters);

    [LibraryImport(Library)]
    public static partial int PQstatus(nint connection);

    [LibraryImport(Library)]
    private static partial byte* PQerrorMessage(nint connection);

    [LibraryImport(Library)]
    public static partial void PQfinish(nint connection);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int PQsendQuery(nint connection, string command);

    [LibraryImport(Library)]
    public static partial nint PQgetResult(nint connection);

    [LibraryImport(Library)]
    public static partial int PQresultStatus(nint result);

    [LibraryImport(Library)]
    private static partial byte* PQresultErrorField(nint result, int field);

    [LibraryImport(Library)]
    private static partial byte* PQresultErrorMessage(nint result);

    [LibraryImport(Library)]
    public static partial int PQntuples(nint result);

    [LibraryImport(Library)]
    public static partial int PQgetisnull(nint result, int row, int column);

    [LibraryImport(Library)]
    private static partial byte* PQgetvalue(nint result, int row, int column);

    [LibraryImport(Library)]
    public static partial void PQclear(nint result);

    [LibraryImport(Library)]
    public static partial int PQgetCopyData(nint connection, byte** buffer, int asynchronous);

    [LibraryImport(Library)]
    public static partial void PQfreemem(byte* memory);

    [LibraryImport(Library)]
    public static partial nint PQgetCancel(nint connection);

    [LibraryImport(Library)]
    public static partial int PQcancel(nint cancel, byte* error, int size);

    [LibraryImport(Library)]
    public static partial void PQfreeCancel(nint cancel);

    [LibraryImport(Library)]
    public static partial nint PQsetNoticeProcessor(nint connection, delegate* unmanaged[Cdecl]<nint, byte*, void> process, nint argument);

    [LibraryImport(Library)]
    private static partial int PQsocket(nint connection);

    [LibraryImport("libc")]
    private static partial int shutdown(int socket, int how);

    /// <summary>
    /// Shuts down the connection in both directions, from any thread: a blocked reader then sees the end of the stream.
    /// The caller must still release it with PQfinish.
    /// </summary>
    public static void HangUp(nint connection)
    {
        const int Both = 2; // SHUT_RDWR
        if (PQsocket(connection) is >= 0 and var socket) _ = shutdown(socket, Both);
    }

    public static string ErrorOf(nint connection) => Text(PQerrorMessage(connection)).Trim();

    /// <summary>The error message and SQLSTATE of a failed result.</summary>
    public static (string Message, string State) FailureOf(nint result) => (Text(PQresultErrorMessage(result)).Trim(), Text(PQresultErrorField(result, State)));

    /// <summary>A value as text; null for NULL.</summary>
    public static string? Value(nint result, int row, int column) => PQgetisnull(result, row, column) != 0 ? null : Text(PQgetvalue(result, row, column));

    public static string Text(byte* text) => text is null ? "" : Marshal.PtrToStringUTF8((nint)text) ?? "";
}
