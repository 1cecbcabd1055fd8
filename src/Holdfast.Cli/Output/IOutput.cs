using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output;

/// <summary>
/// The only way in which <c>holdfast</c> prints anything: a live terminal, plain lines, or JSON. Its methods may be
/// called from several threads. A reader that has closed the pipe is not an error: see <see cref="Gone"/>.
/// </summary>
internal interface IOutput : IDisposable
{
    /// <summary>
    /// Prints an event. Problems go to standard error, all else to standard output; JSON goes to standard output alone.
    /// </summary>
    void Report(OutputEvent told);

    /// <summary>Prints a list: as a table for people, as one event for each row in JSON.</summary>
    void Report(Table table, IEnumerable<OutputEvent> rows);

    /// <summary>Cancelled when the reader of standard output has closed it (<c>| head</c>).</summary>
    CancellationToken Gone { get; }
}
